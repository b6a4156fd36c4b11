/** Names people and departments have, the awkward ones included. */

export const givenNames = [
  'Maya',
  'Jonas',
  'Siân',
  'Jürgen',
  'Chloé',
  "D'Arcy",
  'Anne-Marie',
  'Łukasz',
  'Søren',
  'Zoë',
  'Noah',
  'Priya',
  'Mateo',
  'Ingrid',
  'Tomáš',
  'Aoife',
  'Kwame',
  'Yuki',
  'Leila',
  'Björn',
  'Nuria',
  'Olga',
  'Ravi',
  'Hanna',
  'Luís',
  'Emre',
  'Fatima',
  'Pavel',
  'Grace',
  'Henrik',
  'Irina',
  'Jakub',
  'Karim',
  'Lena',
  'Marta',
  'Nils',
  'Oscar',
  'Petra',
  'Quentin',
  'Rosa',
  '太郎',
  '美咲',
  '伟',
  'Мария',
] as const satisfies readonly [string, ...string[]]

export const familyNames = [
  "O'Brien",
  'Müller',
  'Nguyễn',
  'van der Berg',
  'García López',
  'Smith',
  'Sørensen',
  'Kowalska',
  "D'Angelo",
  'Weiß',
  'Okafor',
  'Lindqvist',
  'Novák',
  'Şahin',
  'Fitzgerald-Jones',
  'Ramírez',
  'Johansson',
  'Patel',
  'Dubois',
  'Rossi',
  'Ivanova',
  'Haddad',
  'Björnsson',
  'Mbeki',
  'Tanaka',
  'Reyes',
  'Schäfer',
  'Ó Súilleabháin',
  'Costa',
  'Virtanen',
  'Horvat',
  'Popescu',
  'Keller',
  'Marchetti',
  'de la Cruz',
  'Andersen',
  'Baker',
  'Chaudhry',
  'Dlamini',
  'Eriksen',
  '山田',
  '佐藤',
  '李',
  'Петрова',
] as const satisfies readonly [string, ...string[]]

export const departments = [
  'Engineering',
  'Finance',
  'Human Resources',
  'Legal',
  'Marketing',
  'Operations',
  'R&D',
  'Sales',
] as const satisfies readonly [string, ...string[]]

export const titles = [
  'Analyst',
  'Engineer',
  'Senior Engineer',
  'Manager',
  'Assistant',
  'Director',
  'Consultant',
  'Specialist',
] as const satisfies readonly [string, ...string[]]

export interface Office {
  readonly name: string
  readonly street: string
  readonly city: string
  readonly state: string
  readonly postalCode: string
  readonly country: string
  readonly code: string
  readonly number: string
  readonly language: string
  readonly dial: string
}

export const offices = [
  {
    name: 'Zürich HQ',
    street: 'Bahnhofstraße 12',
    city: 'Zürich',
    state: 'ZH',
    postalCode: '8001',
    country: 'Switzerland',
    code: 'CH',
    number: '756',
    language: 'de-CH',
    dial: '+41 44 555',
  },
  {
    name: 'Dublin 2',
    street: "St Stephen's Green 7",
    city: 'Dublin',
    state: 'Leinster',
    postalCode: 'D02 X285',
    country: 'Ireland',
    code: 'IE',
    number: '372',
    language: 'en-IE',
    dial: '+353 1 555',
  },
  {
    name: 'Osaka',
    street: '北区梅田 1-1',
    city: '大阪',
    state: '大阪府',
    postalCode: '530-0001',
    country: 'Japan',
    code: 'JP',
    number: '392',
    language: 'ja-JP',
    dial: '+81 6 5550',
  },
  {
    name: 'Austin',
    street: '500 Congress Ave, Suite 9',
    city: 'Austin',
    state: 'TX',
    postalCode: '78701',
    country: 'United States',
    code: 'US',
    number: '840',
    language: 'en-US',
    dial: '+1 512 555',
  },
] as const satisfies readonly [Office, ...Office[]]

export const groupNames = [
  'Team',
  'Leads',
  'Announcements',
  'Readers',
  'Editors',
  'On-call',
  'Project Borealis',
  'Café & Facilities',
] as const satisfies readonly [string, ...string[]]

/** Lower-case ASCII of a name, for account names and addresses; empty where nothing is left. */
export function fold(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .replace(/[^a-z0-9]+/g, '')
}
