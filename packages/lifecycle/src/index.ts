export { AdminServer, type AdminOptions } from './admin.ts';
export { ADMIN_BODY_BYTES_MAX, readJson, sendJson, type JsonBody } from './json-http.ts';
export { newId } from './new-id.ts';
export { Readiness, type ReadinessCheck } from './readiness.ts';
export { type RouteHandler, type RouteMatch } from './routes.ts';
export { runService, type ServiceContext, type ServiceSpec } from './run-service.ts';
export { adminPortVariable, lifecycleEnv, type LifecycleEnv } from './service-env.ts';
export { supervise, type SuperviseOptions } from './supervise.ts';
export { systemClock } from './system-clock.ts';
