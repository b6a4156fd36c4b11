/** Refusals that several requests share, in AD's words. */
import { LdapFailure, resultCode } from '../directory/failure.ts'

export function notBound(): LdapFailure {
  return new LdapFailure(
    resultCode.operationsError,
    '000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563',
  )
}

export function badCookie(): LdapFailure {
  return new LdapFailure(
    resultCode.unavailableCriticalExtension,
    '00000057: LdapErr: DSID-0C090DC8, comment: Error processing control, data 0, v4563',
  )
}
