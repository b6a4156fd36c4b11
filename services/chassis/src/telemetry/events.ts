/**
 * One declaration per happening → a typed call that logs, counts, marks the span and becomes a row of the metrics reference.
 *
 * ```ts
 * export const events = defineEvents('capture', {
 *   batchCommitted: { level: 'debug', message: 'batch committed', count: 'batches', fields: { forest: 'label', entries: 'sum' } },
 * })
 * events.batchCommitted({ forest: 'contoso', entries: 500 })
 * ```
 * `label`: a bounded string, attribute of log, span event and metric · `field`: log and span event only · `sum`: a number, added to
 * the counter `canopy.<service>.<event>.<field>` · `histogram`: a number recorded in a histogram of that name · `gauge`: last value.
 */
export type FieldKind = 'label' | 'field' | 'sum' | 'histogram' | 'gauge'

export interface EventDeclaration {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  /** What it means to an operator, for the generated reference. */
  readonly doc: string
  readonly fields: Readonly<Record<string, FieldKind>>
  /** Unit of each number, UCUM: "ms", "By", "{object}". */
  readonly units?: Readonly<Record<string, string>>
}

export type Fields<D extends EventDeclaration> = {
  readonly [F in keyof D['fields']]: D['fields'][F] extends 'label' | 'field' ? string | number | boolean : number
}

export type Events<T extends Readonly<Record<string, EventDeclaration>>> = {
  readonly [E in keyof T]: (fields: Fields<T[E]>) => void
}
