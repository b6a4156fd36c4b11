const rule = (kind, target, source) => ({
    kind,
    target,
    source,
    onCreate: false,
    defaultValue: '',
});
const direct = (kind, target, attribute) => rule(kind, target, { $case: 'direct', value: attribute });
const expression = (kind, target, text) => rule(kind, target, { $case: 'expression', value: text });
const trimmed = (kind, target, attribute) => expression(kind, target, `Trim([${attribute}])`);
/** displayName, or the name of the object where nobody gave it one: a target refuses an object without. */
const displayName = (kind) => expression(kind, 'displayName', 'IIF(IsNullOrEmpty([displayName]), [cn], [displayName])');
/** The mail alias; where there is none, a name without the characters that Graph refuses. */
const mailNickname = (kind, otherwise) => expression(kind, 'mailNickname', `IIF(IsNullOrEmpty([mailNickname]), Replace([${otherwise}], , "[^A-Za-z0-9._-]", , "_", , ), Trim([mailNickname]))`);
/** What users and contacts share: name, place, work and telephones. */
const person = (kind) => [
    displayName(kind),
    trimmed(kind, 'givenName', 'givenName'),
    trimmed(kind, 'surname', 'sn'),
    trimmed(kind, 'jobTitle', 'title'),
    trimmed(kind, 'department', 'department'),
    trimmed(kind, 'companyName', 'company'),
    trimmed(kind, 'officeLocation', 'physicalDeliveryOfficeName'),
    trimmed(kind, 'streetAddress', 'streetAddress'),
    trimmed(kind, 'city', 'l'),
    trimmed(kind, 'state', 'st'),
    trimmed(kind, 'postalCode', 'postalCode'),
    trimmed(kind, 'country', 'co'),
    trimmed(kind, 'mobilePhone', 'mobile'),
    trimmed(kind, 'faxNumber', 'facsimileTelephoneNumber'),
    // The one business phone that Graph takes.
    trimmed(kind, 'businessPhones', 'telephoneNumber'),
];
const november2026 = [
    direct('user', 'userPrincipalName', 'userPrincipalName'),
    // Bit 2 of userAccountControl is ACCOUNTDISABLE.
    expression('user', 'accountEnabled', 'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")'),
    mailNickname('user', 'sAMAccountName'),
    ...person('user'),
    trimmed('user', 'mail', 'mail'),
    trimmed('user', 'employeeId', 'employeeID'),
    trimmed('user', 'preferredLanguage', 'preferredLanguage'),
    // A country by two letters, needed before a licence; never taken away once set.
    trimmed('user', 'usageLocation', 'msExchUsageLocation'),
    rule('user', 'manager', { $case: 'reference', value: 'manager' }),
    displayName('group'),
    mailNickname('group', 'sAMAccountName'),
    // The directory allows several descriptions and the target one.
    expression('group', 'description', 'IIF(IsNullOrEmpty([description]), "", Left(Trim(Item([description], 1)), 448))'),
    ...person('contact'),
    mailNickname('contact', 'cn'),
    // Where mail to the contact goes: its outside address, which carries the prefix of an address list.
    expression('contact', 'mail', 'IIF(IsNullOrEmpty([targetAddress]), Trim([mail]), Replace([targetAddress], , "^[Ss][Mm][Tt][Pp]:", , "", , ))'),
];
/** Every table that was ever shipped, by its pinned name. */
export const defaultTables = {
    'entra/defaults@2026-11': november2026,
};
/** Attributes a rule may write, per kind: what the targets take. */
export const writableTargets = {
    user: [...namesOf('user'), 'otherMails', 'employeeType', 'proxyAddresses'],
    group: [...namesOf('group'), 'proxyAddresses'],
    contact: [...namesOf('contact'), 'proxyAddresses'],
};
function namesOf(kind) {
    return november2026.filter((one) => one.kind === kind).map((one) => one.target);
}
//# sourceMappingURL=defaults.js.map