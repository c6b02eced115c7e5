import { type AgentRuntime } from './agent-runtime.ts';
import { ProcessRuntime, type ProcessRuntimeOptions } from './process-runtime.ts';

export type RuntimeChoice = 'auto' | 'process' | 'none';

export interface ChosenRuntime {
  /** Undefined: deployments are recorded, and wait. */
  readonly runtime: AgentRuntime | undefined;
  readonly reason: string;
}

/** Processes only where the operator said so, or on a developer's machine: they run with the rights of this service. */
export async function chooseRuntime(
  choice: RuntimeChoice,
  environment: string,
  options: ProcessRuntimeOptions,
): Promise<ChosenRuntime> {
  if (choice === 'none') return { runtime: undefined, reason: 'WHOOSH_AGENT_RUNTIME is none' };
  if (choice === 'process') {
    return { runtime: await ProcessRuntime.open(options), reason: 'WHOOSH_AGENT_RUNTIME is process' };
  }
  if (environment !== 'development') {
    return { runtime: undefined, reason: `no runtime is to be had by itself in ${environment}` };
  }
  return { runtime: await ProcessRuntime.open(options), reason: 'ENVIRONMENT is development' };
}
