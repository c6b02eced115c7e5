import { ApiError } from '../domain/api-error.ts';
import { findUser, userById } from '../domain/lookup.ts';
import { type State, type Token, type User } from '../domain/model.ts';

export interface Caller {
  readonly user: User | null;
  readonly token: Token | null;
  readonly isBasic: boolean;
}

const NOBODY: Caller = { user: null, token: null, isBasic: false };

/** Credentials that are wrong are an error even where none are needed. */
export function authenticate(
  state: State,
  authorization: string | undefined,
  query: URLSearchParams,
): Caller {
  const inQuery = query.get('token') ?? query.get('access_token');
  if (authorization === undefined) return inQuery === null ? NOBODY : byToken(state, inQuery);
  const [scheme = '', ...rest] = authorization.split(' ');
  const credentials = rest.join(' ');
  switch (scheme.toLowerCase()) {
    case 'token':
    case 'bearer':
      return byToken(state, credentials);
    case 'basic':
      return byPassword(state, Buffer.from(credentials, 'base64').toString());
    default:
      return NOBODY;
  }
}

function byToken(state: State, text: string): Caller {
  const token = state.tokens.find((candidate) => candidate.text === text);
  if (token === undefined) throw unknownUser();
  return { user: userById(state, token.userId), token, isBasic: false };
}

/** The password, or a token in its place, as git clients send it. */
function byPassword(state: State, pair: string): Caller {
  const colon = pair.indexOf(':');
  const user = findUser(state, pair.slice(0, colon));
  const secret = pair.slice(colon + 1);
  if (user === undefined || secret === '') throw unknownUser();
  const token = state.tokens.find((one) => one.userId === user.id && one.text === secret) ?? null;
  if (token === null && secret !== user.password) throw unknownUser();
  return { user, token, isBasic: token === null };
}

function unknownUser(): ApiError {
  return new ApiError(401, 'user does not exist [uid: 0, name: ]');
}
