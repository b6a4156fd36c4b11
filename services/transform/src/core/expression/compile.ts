/** The expression language, as the mapping core uses it; it lives in domain, where configuration and client read it too. */
import type { Compiled as Whole } from '@canopy/domain'

export { compile, type Read } from '@canopy/domain'

/** A rule that is no expression has no more than these. */
export type Compiled = Pick<Whole, 'evaluate' | 'sources'>
