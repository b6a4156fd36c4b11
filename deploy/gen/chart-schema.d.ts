/** Path, relative to the repository, and text of every file. */
export declare function chartSchemaFiles(): readonly (readonly [path: string, text: string])[];
/** Writes them. */
export declare function writeChartSchema(): Promise<void>;
