/** Who gives a command, as it is recorded with a decision. */
import { userInfo } from 'node:os'

/** The account's name; a container may run under a uid that has none. */
export function whoAmI(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
