import { type AgentKey } from '../agent-keys.ts';
import { type Observed } from '../domain/plan.ts';

/** One agent as it is to be started. */
export interface AgentSpec {
  readonly deploymentId: string;
  readonly generation: number;
  readonly agentId: string;
  readonly role: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Reaches the agent as a file, never in its environment. */
  readonly joinToken: string;
  /** With what it signs its StatusClaims, its private half handed over in the same way; undefined: it signs nothing. */
  readonly key?: AgentKey | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Where agents run. Everything it starts carries its deployment and generation, so that what it lists can be compared
 * with what is wanted by anybody, at any time, after any crash.
 */
export interface AgentRuntime {
  readonly kind: 'process';
  /** Asks for one agent and returns once the asking is on record; that it runs is told by `list`. */
  deploy(spec: AgentSpec): Promise<void>;
  /** How it is now; undefined when nothing of it is there. */
  inspect(ref: string): Promise<Observed | undefined>;
  /** Stops it and takes every trace of it away. Repeating it, or removing what is gone, is no failure. */
  remove(ref: string): Promise<void>;
  /** Its last lines, oldest first; bounded in length. */
  logs(ref: string, linesMax: number): Promise<string[]>;
  /** Everything of ours that is there. Throws rather than leave something out. */
  list(): Promise<Observed[]>;
}
