/** Connect's functions on certificates: bytes, or base64 such as each value of userCertificate. */
import { bytesFromBase64 } from '../../attributes.ts'
import { type Certificate, parseCertificate } from '../../certificate/certificate.ts'
import { spend } from '../budget.ts'
import { declare, type ExpressionFunction, type StaticType } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { bytesOf, isBinary, isEmpty, time, toText, type Value } from '../value.ts'

function certificateOf(value: Value): Certificate | undefined {
  const bytes = isBinary(value) ? bytesOf(value) : bytesFromBase64(toText(value) ?? '')
  spend((bytes?.length ?? 0) >> 4)
  return bytes && parseCertificate(bytes)
}

const reading = (
  name: string,
  returns: StaticType,
  says: string,
  pick: (certificate: Certificate) => Value,
): ExpressionFunction =>
  declare({
    is: `${name}(certificate: any): ${returns}`,
    from: 'connect',
    says: `${says} Fails where the value is no certificate.`,
    run: (value) => {
      if (isEmpty(value)) return undefined
      const certificate = certificateOf(value)
      if (!certificate) throw new ExpressionFailure('the value is no certificate')
      return pick(certificate)
    },
  })

export const certificateFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'IsCert(value: any): boolean',
    from: 'connect',
    says: 'True where the bytes are an X.509 certificate.',
    run: (value) => !isEmpty(value) && certificateOf(value) !== undefined,
  }),
  reading('CertSubject', 'text', 'The subject, the most special part first.', ({ subject }) => subject),
  reading('CertSubjectNameDN', 'text', 'The same as CertSubject.', ({ subject }) => subject),
  reading('CertIssuer', 'text', 'The issuer, the most special part first.', ({ issuer }) => issuer),
  reading('CertIssuerDN', 'text', 'The same as CertIssuer.', ({ issuer }) => issuer),
  reading('CertNotBefore', 'time', 'When it begins to count.', ({ notBeforeMs }) => time(notBeforeMs, 'iso')),
  reading('CertNotAfter', 'time', 'When it ends.', ({ notAfterMs }) => time(notAfterMs, 'iso')),
  reading('CertSerialNumber', 'text', 'The serial number in hexadecimal.', ({ serialNumber }) => serialNumber),
  reading('CertThumbprint', 'text', 'SHA-1 of the certificate in hexadecimal.', ({ thumbprint }) => thumbprint),
  reading('CertHashString', 'text', 'The same as CertThumbprint.', ({ thumbprint }) => thumbprint),
  reading('CertVersion', 'number', 'The version, such as 3.', ({ version }) => version),
  reading('CertFormat', 'text', 'X509.', () => 'X509'),
  reading('CertSignatureAlgorithmOid', 'text', 'The OID of its signature.', (of) => of.signatureAlgorithm),
  reading('CertKeyAlgorithm', 'text', 'The OID of its key.', ({ keyAlgorithm }) => keyAlgorithm),
  reading('CertPublicKeyOid', 'text', 'The same as CertKeyAlgorithm.', ({ keyAlgorithm }) => keyAlgorithm),
  reading('CertKeyAlgorithmParams', 'text', 'The parameters of its key in hexadecimal.', (of) => of.keyParameters),
  reading('CertExtensionOids', 'list', 'The OIDs of its extensions.', ({ extensions }) => extensions),
]
