import { type State, type User } from './model.ts';

/** Where the server says it lives; every URL in an answer is built from it, whatever address was asked. */
export interface Site {
  /** ROOT_URL, ending with a slash. */
  readonly rootUrl: string;
  readonly sshUser: string;
}

/** A change that hooks may want to hear of, with its payload frozen at the moment of the change. */
export interface Notice {
  readonly repositoryId: number;
  readonly ownerId: number;
  /** The value of X-Gitea-Event. */
  readonly event: string;
  /** The value of X-Gitea-Event-Type, which is also what a hook subscribes to. */
  readonly eventType: string;
  readonly payload: object;
  /** A test delivery goes to this hook alone, whatever its events are. */
  readonly onlyHookId?: number;
}

/** One request: who asks, when, and the notices that it causes in their order. */
export interface Turn {
  readonly state: State;
  readonly site: Site;
  readonly actor: User | null;
  readonly nowS: number;
  readonly notices: Notice[];
}

export function hostOf(site: Site): string {
  return new URL(site.rootUrl).hostname;
}
