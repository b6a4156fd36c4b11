/** The parts of a chart's values that no service configuration knows: images, workloads, credentials. */
/** As much of a JSON Schema as is written here. */
export interface Schema {
    readonly [keyword: string]: unknown;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
}
export declare const text: Schema;
export declare const bool: Schema;
/** Kubernetes' own types: checked where the manifests are. */
export declare const anything: Schema;
export declare const strings: Schema;
export declare const list: (items: Schema) => Schema;
export declare const integer: (minimum: number, maximum?: number) => Schema;
/** An object that knows its keys and refuses others. */
export declare const object: (properties: Readonly<Record<string, Schema>>) => Schema;
/** A name, as configurations use it, and the Secret behind it. */
export declare const credentials: Schema;
export declare const trust: Schema;
/** What every workload may be told. */
export declare const workloadKeys: Readonly<Record<string, Schema>>;
/** A whole schema: what both charts have, and what one of them adds. */
export declare const chartFrame: (title: string, process: Readonly<Record<string, Schema>>, own: Readonly<Record<string, Schema>>) => Schema;
