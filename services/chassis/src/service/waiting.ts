/** What the services of a process wait for, for status and health. */

export interface WaitingBoard {
  set(service: string, key: string, message: string | undefined): void
  of(service: string): readonly string[]
  all(): Readonly<Record<string, readonly string[]>>
}

export function waitingBoard(): WaitingBoard {
  const board = new Map<string, Map<string, string>>()
  const of = (service: string): readonly string[] => [...(board.get(service)?.values() ?? [])]
  return {
    set: (service, key, message) => {
      const messages = board.get(service) ?? new Map<string, string>()
      board.set(service, messages)
      if (message === undefined) messages.delete(key)
      else messages.set(key, message)
    },
    of,
    all: () => Object.fromEntries([...board.keys()].map((service) => [service, of(service)])),
  }
}
