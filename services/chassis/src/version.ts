/** The version of the product, as status, health and telemetry say it. */
export const version = '0.1.0'
