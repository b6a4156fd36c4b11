/** Derives path and distinguished name of an object from the names of what is above it. */

export interface Place {
  readonly parent: string | undefined
  readonly rdn: string
}

export interface Location {
  /** GUIDs above, root first. */
  readonly path: readonly string[]
  readonly dn: string
}

/** Deeper than any directory; a loop in the data ends here. */
const maxDepth = 128

/** `fallbackDn` is used where the chain does not reach the head of a naming context. */
export class Locations {
  private readonly places: ReadonlyMap<string, Place>
  private readonly known = new Map<string, Location | undefined>()

  constructor(places: ReadonlyMap<string, Place>) {
    this.places = places
  }

  of(place: Place, fallbackDn: string): Location {
    if (place.parent === undefined) return { path: [], dn: place.rdn }
    const above = this.above(place.parent, 0)
    if (!above) return { path: [], dn: fallbackDn }
    return { path: above.path, dn: `${place.rdn},${above.dn}` }
  }

  /** Location of what lies in the container: its path ends with the container. */
  private above(guid: string, depth: number): Location | undefined {
    const known = this.known.get(guid)
    if (known) return known
    const place = this.places.get(guid)
    if (!place || depth > maxDepth) return undefined
    const parent = place.parent === undefined ? { path: [], dn: '' } : this.above(place.parent, depth + 1)
    if (!parent) return undefined
    const location = { path: [...parent.path, guid], dn: parent.dn === '' ? place.rdn : `${place.rdn},${parent.dn}` }
    this.known.set(guid, location)
    return location
  }
}
