/** What others may use of the agent: its definition and its configuration. */
export { ldapConnector } from './adapters/ldap/connector.ts'
export { type AgentConfig, agentConfig } from './config.ts'
/** The reading of one partition up to the batches a hub is given, for whoever measures it without a hub. */
export { CredentialGate } from './core/gate.ts'
export { PartitionSession, type SessionOptions } from './core/session.ts'
export { agent } from './service.ts'
