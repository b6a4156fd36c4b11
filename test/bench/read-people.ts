/** People with about thirty attributes each, as LDIF for OpenLDAP and for Samba's Active Directory. */
import type { LdifEntry } from '../servers/ldif.ts'

/** Values of both kinds of directory, by the names both know. */
function values(n: number): Record<string, string | readonly string[]> {
  const given = `Given${n % 500}`
  const sn = `Surname${n % 2000}-Ö${n}`
  return {
    sn,
    givenName: given,
    displayName: `${given} ${sn}`,
    initials: `G${n % 10}`,
    description: `Works on the floor ${n % 40} of building ${n % 7}`,
    title: `Engineer grade ${n % 12}`,
    mail: `person.${n}@bench.example.test`,
    employeeNumber: String(100_000 + n),
    employeeType: n % 5 === 0 ? 'contractor' : 'employee',
    telephoneNumber: `+49 30 ${1_000_000 + n}`,
    mobile: `+49 170 ${1_000_000 + n}`,
    facsimileTelephoneNumber: `+49 31 ${1_000_000 + n}`,
    homePhone: `+49 32 ${1_000_000 + n}`,
    pager: `+49 33 ${1_000_000 + n}`,
    l: `City ${n % 90}`,
    st: `State ${n % 16}`,
    postalCode: String(10_000 + (n % 80_000)),
    postOfficeBox: `Box ${n % 900}`,
    physicalDeliveryOfficeName: `Room ${n % 400}`,
    preferredLanguage: 'de-DE',
    o: 'Bench Ltd',
  }
}

/** Attributes that a search of either asks for. */
export const commonAttributes = Object.keys(values(0))

export const plainAttributes = [
  ...commonAttributes,
  'departmentNumber',
  'street',
  'roomNumber',
  'carLicense',
  'businessCategory',
  'labeledURI',
  'manager',
]

export function* plainPeople(count: number, suffix: string): Generator<LdifEntry> {
  const people = `ou=People,${suffix}`
  yield { dn: people, attributes: { objectClass: 'organizationalUnit', ou: 'People' } }
  for (let n = 0; n < count; n++) {
    yield {
      dn: `uid=person${n},${people}`,
      attributes: {
        objectClass: 'inetOrgPerson',
        uid: `person${n}`,
        cn: `Person ${n}`,
        ...values(n),
        departmentNumber: String(n % 120),
        street: `Street ${n % 3000}`,
        roomNumber: String(n % 500),
        carLicense: `B-X ${n}`,
        businessCategory: 'bench',
        labeledURI: `https://people.example.test/${n}`,
        manager: `uid=person${Math.floor(n / 10)},${people}`,
      },
    }
  }
}

export const domainAttributes = [
  ...commonAttributes,
  'company',
  'department',
  'streetAddress',
  'co',
  'employeeID',
  'manager',
  'proxyAddresses',
  'sAMAccountName',
  'userAccountControl',
  'userPrincipalName',
]

export function* domainPeople(count: number, baseDn: string): Generator<LdifEntry> {
  const people = `OU=People,${baseDn}`
  yield { dn: people, attributes: { objectClass: 'organizationalUnit' } }
  for (let n = 0; n < count; n++) {
    yield {
      dn: `CN=Person ${n},${people}`,
      attributes: {
        objectClass: 'user',
        ...values(n),
        company: 'Bench Ltd',
        department: `Department ${n % 120}`,
        streetAddress: `Street ${n % 3000}`,
        co: 'Germany',
        employeeID: String(n),
        // Samba takes no link to what is not there yet.
        ...(n > 0 ? { manager: `CN=Person ${Math.floor(n / 10)},${people}` } : {}),
        proxyAddresses: [`SMTP:person.${n}@bench.example.test`, `smtp:p${n}@bench.example.test`],
        sAMAccountName: `person${n}`,
        userAccountControl: '544',
        userPrincipalName: `person.${n}@bench.example.test`,
      },
    }
  }
}
