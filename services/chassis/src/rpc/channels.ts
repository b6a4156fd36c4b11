/** How a service reaches another: a generated client by the service's name. */
import type { ChannelCredentials, Client, ClientOptions } from '@grpc/grpc-js'

export type ClientConstructor<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options?: Partial<ClientOptions>,
) => C

export interface Channels {
  /** One client per service and constructor, kept for the life of the process. */
  client<C extends Client>(service: string, make: ClientConstructor<C>): C
  /** To one process of a service instead of any; `tlsName`: the name in its certificate, where that is not its address. */
  at<C extends Client>(address: string, make: ClientConstructor<C>, tlsName?: string): C
  close(): void
}
