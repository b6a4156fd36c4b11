export declare const events: import('@canopy/chassis').Events<{
  readonly batchTaken: {
    readonly level: 'debug'
    readonly message: 'batch taken'
    readonly doc: 'Contributions or source edges were stored, and resolved where the barrier is open.'
    readonly fields: {
      readonly topic: 'label'
      readonly records: 'sum'
      readonly duration: 'histogram'
    }
    readonly units: {
      readonly records: '{record}'
      readonly duration: 'ms'
    }
  }
  readonly barrierOpened: {
    readonly level: 'info'
    readonly message: 'the barrier is open'
    readonly doc: 'Every identity was decided and every edge derived; from now on changes are resolved as they come.'
    readonly fields: {
      readonly duration: 'histogram'
    }
    readonly units: {
      readonly duration: 'ms'
    }
  }
  readonly rulesActive: {
    readonly level: 'info'
    readonly message: 'rules of a configuration version are used from now on'
    readonly doc: 'All contributions were made under this version; identities are resolved again by its rules.'
    readonly fields: {
      readonly configuration: 'field'
      readonly version: 'field'
    }
  }
}>
