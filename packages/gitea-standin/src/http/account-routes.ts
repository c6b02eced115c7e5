import { randomBytes } from 'node:crypto';
import { ApiError, forbidden, notFound } from '../domain/api-error.ts';
import { requireActor } from '../domain/access.ts';
import { createOrganization, createToken, createUser } from '../domain/accounts.ts';
import { findUser, organizationNamed } from '../domain/lookup.ts';
import { organizationView, sightOf, userView } from '../views/user-view.ts';
import { ZERO_TIME } from '../wire/go-time.ts';
import { created, ok, type Reply } from './reply.ts';
import { bodyOf, type Call, type Route } from './route.ts';

function createUserAsAdmin(call: Call): Reply {
  const { turn } = call;
  if (!requireActor(turn).isAdmin) throw forbidden('user should be the site admin');
  const wanted = bodyOf(call, 'CreateUserOption', {
    username: { type: 'string', required: true },
    email: { type: 'string', required: true },
    password: { type: 'string' },
  });
  const user = createUser(turn, {
    username: wanted['username'] as string,
    email: wanted['email'] as string,
    password: wanted['password'] as string | undefined,
  });
  return created(userView(turn.site, user, 'self'));
}

function createTokenForUser(call: Call): Reply {
  const { turn, caller, params } = call;
  const user = findUser(turn.state, params['username'] ?? '');
  if (user?.kind !== 'person') throw notFound();
  if (!caller.isBasic || caller.user === null) throw new ApiError(401, 'auth required');
  if (caller.user.id !== user.id && !caller.user.isAdmin) throw forbidden(null);
  const wanted = bodyOf(call, 'CreateAccessTokenOption', {
    name: { type: 'string', required: true },
    scopes: { type: '[]string' },
  });
  const text = randomBytes(20).toString('hex');
  const scopes = (wanted['scopes'] as string[] | undefined) ?? [];
  const token = createToken(turn, user, { name: wanted['name'] as string, scopes, text });
  return created({
    id: token.id,
    name: token.name,
    sha1: token.text,
    token_last_eight: token.text.slice(-8),
    scopes: token.scopes,
    created_at: ZERO_TIME,
    last_used_at: ZERO_TIME,
  });
}

function createOrg(call: Call): Reply {
  const wanted = bodyOf(call, 'CreateOrgOption', { username: { type: 'string', required: true } });
  const organization = createOrganization(call.turn, wanted['username'] as string);
  return created(organizationView(call.turn.site, organization));
}

function getUserByName(call: Call): Reply {
  const user = findUser(call.turn.state, call.params['username'] ?? '');
  if (user?.kind !== 'person') throw notFound();
  return ok(userView(call.turn.site, user, sightOf(call.turn.actor, user)));
}

const SETTINGS = {
  max_response_items: 50,
  default_paging_num: 30,
  default_git_trees_per_page: 1000,
  default_max_blob_size: 10485760,
  default_max_response_size: 104857600,
};

export const ACCOUNT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/version',
    category: 'none',
    isAnonymous: true,
    handle: () => ok({ version: 'development' }),
  },
  { method: 'GET', path: '/settings/api', category: 'none', isAnonymous: true, handle: () => ok(SETTINGS) },
  {
    method: 'GET',
    path: '/user',
    category: 'user',
    handle: (call) => ok(userView(call.turn.site, requireActor(call.turn), 'self')),
  },
  { method: 'GET', path: '/users/:username', category: 'user', isAnonymous: true, handle: getUserByName },
  { method: 'POST', path: '/users/:username/tokens', category: 'user', handle: createTokenForUser },
  { method: 'POST', path: '/admin/users', category: 'admin', handle: createUserAsAdmin },
  { method: 'POST', path: '/orgs', category: 'organization', handle: createOrg },
  {
    method: 'GET',
    path: '/orgs/:org',
    category: 'organization',
    isAnonymous: true,
    handle: (call) =>
      ok(organizationView(call.turn.site, organizationNamed(call.turn.state, call.params['org'] ?? ''))),
  },
];
