/** What others may use of the agent: its definition and its configuration. */
export { ldapConnector } from './adapters/ldap/connector.ts'
export { type AgentConfig, agentConfig } from './config.ts'
export { agent } from './service.ts'
