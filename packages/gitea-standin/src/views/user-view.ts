import { createHash } from 'node:crypto';
import { type User } from '../domain/model.ts';
import { hostOf, type Site } from '../domain/turn.ts';
import { rfc3339, ZERO_TIME } from '../wire/go-time.ts';

/** Who looks: nobody signed in, somebody signed in, or somebody who may see the account itself (he or an admin). */
export type Sight = 'anonymous' | 'signed' | 'self';

export function sightOf(viewer: User | null, user: User): Sight {
  if (viewer === null) return 'anonymous';
  return viewer.id === user.id || viewer.isAdmin ? 'self' : 'signed';
}

export type UserView = ReturnType<typeof userView>;

/** Anonymous viewers get a noreply address; `active`, `is_admin` and `last_login` are shown to `self` only. */
export function userView(site: Site, user: User, sight: Sight) {
  const isSelf = sight === 'self' && user.kind === 'person';
  const avatar = createHash('md5')
    .update(user.email === '' ? user.login.toLowerCase() : user.email.toLowerCase())
    .digest('hex');
  return {
    id: user.id,
    login: user.login,
    login_name: '',
    source_id: 0,
    full_name: '',
    email: sight === 'anonymous' ? `${user.login.toLowerCase()}@noreply.${hostOf(site)}` : user.email,
    avatar_url: `${site.rootUrl}avatars/${avatar}`,
    html_url: `${site.rootUrl}${user.login}`,
    language: '',
    is_admin: isSelf && user.isAdmin,
    last_login: isSelf ? rfc3339(0) : ZERO_TIME,
    created: rfc3339(user.createdS),
    restricted: false,
    active: isSelf,
    prohibit_login: false,
    location: '',
    website: '',
    description: '',
    visibility: 'public',
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
    username: user.login,
  };
}

/** Organizations have a shorter form of their own where they are not the owner of something. */
export function organizationView(site: Site, organization: User) {
  const { avatar_url } = userView(site, organization, 'signed');
  return {
    id: organization.id,
    name: organization.login,
    full_name: '',
    email: organization.email,
    avatar_url,
    description: '',
    website: '',
    location: '',
    visibility: 'public',
    repo_admin_change_team_access: false,
    username: organization.login,
  };
}
