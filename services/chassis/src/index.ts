export type { Bus, BusBatch, BusRecord, Consumer, Consumption, StoredRecord } from './bus/bus.ts'
export { type KafkaBusOptions, kafkaBus } from './bus/kafka.ts'
export { busMigrations } from './bus/migrations.ts'
export { partitionOf } from './bus/partition.ts'
export { type PostgresBusOptions, postgresBus } from './bus/postgres.ts'
export { type ConfigDocument, type Place, parseConfigDocument } from './config/document.ts'
export { configSchema, loadConfig } from './config/load.ts'
export { nearest } from './config/nearest.ts'
export { type ConfigProblem, type Path, pathText, problemsFailure } from './config/problem.ts'
export { ProcessConfig } from './config/process-config.ts'
export { configReference, jsonSchema, type ReferenceRow } from './config/reference.ts'
export { type Validated, validateConfig } from './config/validate.ts'
export { classify, describeFailure, Failure, type FailureDetails, type FailureKind } from './failure.ts'
export { type KeyedQueue, type KeyedQueueOptions, keyedQueue } from './keyed-queue.ts'
export type { Lease, LeasePool, LeasePoolOptions } from './lease/lease.ts'
export { voidLeases } from './lease/pool.sql.ts'
export { joinLeasePool, type LeaseGround } from './lease/pool.ts'
export { type CertificateAuthority, type Issued, openAuthority } from './pki/authority.ts'
export { type CertificateRequest, requestCertificate } from './pki/request.ts'
export { type Backoff, backoffMs, type RetryOptions, retry } from './retry.ts'
export type { Channels, ClientConstructor } from './rpc/channels.ts'
export { createChannels } from './rpc/create-channels.ts'
export { channelCredentials, isLocal, type TlsFiles } from './rpc/credentials.ts'
export { fromServiceError, toServiceError } from './rpc/failure-status.ts'
export { type Listener, openListener } from './rpc/listener.ts'
export { type PeerCertificate, peerCertificate } from './rpc/peer.ts'
export { freeSocketFile } from './rpc/socket-file.ts'
export { type CallContext, type CallRequest, call, defaultDeadlineMs, unary } from './rpc/unary.ts'
export { run } from './service/run.ts'
export { type Component, type Context, defineService, type ServiceDefinition } from './service/service.ts'
export { type Running, type StartOptions, startServices } from './service/start.ts'
export { sleep, yieldNow } from './sleep.ts'
export type { ConnectionRequest, SqlConnection } from './sql/connection.ts'
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './sql/embedded.ts'
export { migrate } from './sql/migrate.ts'
export { type PostgresSqlOptions, postgresSql } from './sql/postgres.ts'
export type { Queryable, Row, Sql, SqlValue, Tx } from './sql/sql.ts'
export { isContention, SqlFailure, sqlStateOf } from './sql/sql-failure.ts'
export type { BatchInfo, StageObserver } from './stage/observer.ts'
export { type RunStageOptions, runStage } from './stage/run-stage.ts'
export type { Incoming, Out, RunningStage, StageBatch, StageDefinition, StageStatus } from './stage/stage.ts'
export { compareWatermarks } from './stage/watermarks.ts'
export { declaredEvents, defineEvents, directEvents, onEvents } from './telemetry/define-events.ts'
export type { EventDeclaration, Events, FieldKind, Fields } from './telemetry/events.ts'
export type { Log } from './telemetry/log.ts'
export { metricName } from './telemetry/metric-name.ts'
export { createLog, type ProcessLog, silentLog } from './telemetry/pino-log.ts'
export { stageEvents, stageObserver, traceOf } from './telemetry/stage-observer.ts'
export { startTelemetry, type Telemetry } from './telemetry/telemetry.ts'
export {
  failSpan,
  isTracing,
  parseTraceparent,
  rootTrace,
  type SpanOptions,
  startSpan,
  stepTrace,
  traceHeaders,
  traceparent,
  traceparentHeader,
  withSpan,
} from './telemetry/tracing.ts'
export { version } from './version.ts'
