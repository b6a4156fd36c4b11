/** Loads the library for certificates where one is made: few processes ever do, and it is not small. */

type Library = typeof import('@peculiar/x509')

export async function loadX509(): Promise<Library> {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}
