import { type Request, type Response } from 'express';
import { assert } from '@whoosh/stdx';
import { type KnownCaller } from '../domain/identity.ts';

/** Who is asking, or why that is not known. */
export type Identity =
  | { readonly known: true; readonly caller: KnownCaller; readonly digest: Buffer }
  | { readonly known: false; readonly why: 'missing' | 'malformed' | 'unknown' | 'expired' };

/** What the line-up before a route has found out about a request. */
export interface RequestState {
  readonly requestId: string;
  identity: Identity;
  /** The route's pattern, for logs, traces and metrics: a closed list, unlike paths. */
  route: string;
}

const states = new WeakMap<Request, RequestState>();

export function openState(request: Request, state: RequestState): void {
  states.set(request, state);
}

export function stateOf(request: Request): RequestState {
  const state = states.get(request);
  assert(state !== undefined, 'every request was given a state first');
  return state;
}

/** The path's pattern of a response that never met a route. */
export const NO_ROUTE = 'none';

export function isAnswered(response: Response): boolean {
  return response.headersSent || response.writableEnded;
}
