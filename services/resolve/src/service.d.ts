export declare const resolve: import('@canopy/chassis').ServiceDefinition<
  import('zod').ZodObject<
    {
      poll_ms: import('zod').ZodDefault<import('zod').ZodNumber>
    },
    import('zod/v4/core').$strict
  >
>
