/** What a type becomes on its way through the gateway: 64-bit numbers, times and bytes are texts. */
export type Json<T> = T extends bigint | Date | Uint8Array
  ? string
  : T extends readonly (infer E)[]
    ? readonly Json<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Json<T[K]> }
      : T
