import { levelOf, reaches, type Level } from '../domain/access.ts';
import { userById } from '../domain/lookup.ts';
import { type Repository } from '../domain/model.ts';
import { type Turn } from '../domain/turn.ts';
import { rfc3339, ZERO_TIME } from '../wire/go-time.ts';
import { userView } from './user-view.ts';

export type RepositoryView = ReturnType<typeof repositoryView>;

/** `sight: 'nobody'` is the view in a test delivery: no permissions, and the owner with a noreply address. */
export function repositoryView(turn: Turn, repository: Repository, sight: 'actor' | 'nobody' = 'actor') {
  const { state, site } = turn;
  const owner = userById(state, repository.ownerId);
  const fullName = `${owner.login}/${repository.name}`;
  const level = sight === 'nobody' ? 'none' : levelOf(state, turn.actor, repository);
  const host = new URL(site.rootUrl).hostname;
  return {
    id: repository.id,
    owner: userView(site, owner, sight === 'nobody' ? 'anonymous' : 'signed'),
    name: repository.name,
    full_name: fullName,
    description: repository.description,
    empty: repository.isEmpty,
    private: repository.isPrivate,
    fork: false,
    template: false,
    mirror: false,
    size: repository.sizeKib,
    language: '',
    languages_url: `${site.rootUrl}api/v1/repos/${fullName}/languages`,
    html_url: `${site.rootUrl}${fullName}`,
    url: `${site.rootUrl}api/v1/repos/${fullName}`,
    link: '',
    ssh_url: `${site.sshUser}@${host}:${fullName}.git`,
    clone_url: `${site.rootUrl}${fullName}.git`,
    original_url: '',
    website: '',
    stars_count: 0,
    forks_count: 0,
    watchers_count: 1,
    open_issues_count: openIssues(turn, repository),
    open_pr_counter: 0,
    release_counter: 0,
    default_branch: repository.defaultBranch,
    archived: repository.isArchived,
    created_at: rfc3339(repository.createdS),
    updated_at: rfc3339(repository.updatedS),
    archived_at: rfc3339(repository.archivedS),
    permissions: permissionsOf(level),
    has_code: false,
    has_issues: repository.hasIssues,
    ...(repository.hasIssues ? { internal_tracker: INTERNAL_TRACKER } : {}),
    ...FIXED,
  };
}

export function permissionsOf(level: Level) {
  return { admin: reaches(level, 'admin'), push: reaches(level, 'write'), pull: reaches(level, 'read') };
}

function openIssues(turn: Turn, repository: Repository): number {
  let open = 0;
  for (const issue of turn.state.issues) {
    if (issue.repositoryId === repository.id && issue.state === 'open') open += 1;
  }
  return open;
}

const INTERNAL_TRACKER = {
  enable_time_tracker: true,
  allow_only_contributors_to_track_time: true,
  enable_issue_dependencies: true,
};

const FIXED = {
  has_wiki: true,
  has_pull_requests: true,
  has_projects: true,
  projects_mode: 'all',
  has_releases: true,
  has_packages: true,
  has_actions: true,
  ignore_whitespace_conflicts: false,
  allow_merge_commits: true,
  allow_rebase: true,
  allow_rebase_explicit: true,
  allow_squash_merge: true,
  allow_fast_forward_only_merge: true,
  allow_rebase_update: true,
  allow_manual_merge: false,
  autodetect_manual_merge: false,
  default_delete_branch_after_merge: false,
  default_merge_style: 'merge',
  default_allow_maintainer_edit: false,
  avatar_url: '',
  internal: false,
  mirror_interval: '',
  object_format_name: 'sha1',
  mirror_updated: ZERO_TIME,
  topics: [],
  licenses: [],
};
