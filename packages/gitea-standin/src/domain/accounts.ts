import { ApiError, unprocessable } from './api-error.ts';
import { requireActor } from './access.ts';
import { findUser } from './lookup.ts';
import { nextId, type Token, type User } from './model.ts';
import { type Turn } from './turn.ts';

export interface NewUser {
  readonly username: string;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  readonly admin?: boolean | undefined;
}

export function createUser(turn: Turn, wanted: NewUser): User {
  const user: User = {
    id: 0,
    kind: 'person',
    login: wanted.username,
    email: wanted.email ?? `${wanted.username}@example.com`,
    password: wanted.password ?? '',
    isAdmin: wanted.admin ?? false,
    createdS: turn.nowS,
    ownerIds: [],
  };
  return add(turn, user);
}

export function createOrganization(turn: Turn, name: string): User {
  const owner = requireActor(turn);
  return add(turn, {
    id: 0,
    kind: 'organization',
    login: name,
    email: '',
    password: '',
    isAdmin: false,
    createdS: turn.nowS,
    ownerIds: [owner.id],
  });
}

function add(turn: Turn, user: User): User {
  if (findUser(turn.state, user.login) !== undefined) {
    throw unprocessable(`user already exists [name: ${user.login}]`);
  }
  const added = { ...user, id: nextId(turn.state, 'user') };
  turn.state.users.push(added);
  return added;
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly text: string;
}

export function createToken(turn: Turn, user: User, wanted: NewToken): Token {
  const taken = turn.state.tokens.some((token) => token.userId === user.id && token.name === wanted.name);
  if (taken) throw new ApiError(400, 'access token name has been used already');
  if (wanted.scopes.length === 0) throw new ApiError(400, 'access token must have a scope');
  const token: Token = { id: nextId(turn.state, 'token'), userId: user.id, ...wanted };
  turn.state.tokens.push(token);
  return token;
}
