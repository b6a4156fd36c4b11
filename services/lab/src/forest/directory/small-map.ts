/** A map that costs almost nothing while it has one entry, which is what most of a directory's maps have. */
export class SmallMap<K extends object, V> {
  #key: K | undefined
  #value: V | undefined
  #more: Map<K, V> | undefined

  get size(): number {
    return this.#more?.size ?? (this.#key === undefined ? 0 : 1)
  }

  get(key: K): V | undefined {
    if (this.#more !== undefined) return this.#more.get(key)
    return this.#key === key ? this.#value : undefined
  }

  has(key: K): boolean {
    return this.#more?.has(key) ?? this.#key === key
  }

  set(key: K, value: V): void {
    if (this.#more === undefined && (this.#key === undefined || this.#key === key)) {
      this.#key = key
      this.#value = value
      return
    }
    if (this.#more === undefined) {
      this.#more = new Map([[this.#key as K, this.#value as V]])
      this.#key = undefined
      this.#value = undefined
    }
    this.#more.set(key, value)
  }

  delete(key: K): boolean {
    if (this.#more !== undefined) return this.#more.delete(key)
    if (this.#key !== key) return false
    this.#key = undefined
    this.#value = undefined
    return true
  }

  keys(): Iterable<K> {
    return this.#more?.keys() ?? (this.#key === undefined ? [] : [this.#key])
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    if (this.#more !== undefined) return this.#more[Symbol.iterator]()
    const only: [K, V][] = this.#key === undefined ? [] : [[this.#key, this.#value as V]]
    return only[Symbol.iterator]()
  }
}
