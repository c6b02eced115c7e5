/** The life of a monitored repository: pending → initial_scan → active; error returns by itself; disabled; removed. */
import { repositories, type Change, type EventContract } from '@whoosh/contracts';
import { unreachable, type Instant } from '@whoosh/stdx';

type View = repositories.RepositoryView;
export type RepositoryStatus = View['sync_status'];

export interface GiteaRepository {
  readonly giteaId: number;
  readonly fullName: string;
  readonly owner: string;
  readonly name: string;
  readonly url: string;
  readonly defaultBranch: string;
}

export interface Repository extends GiteaRepository {
  readonly id: string;
  readonly monitorIssues: boolean;
  readonly chorusLabelsOnly: boolean;
  readonly syncStatus: RepositoryStatus;
  readonly syncError: string | null;
  readonly syncFailures: number;
  readonly retryAt: Instant | null;
  readonly webhook: View['webhook'];
  readonly webhookId: number | null;
  readonly webhookSecretSha256: string | null;
  readonly lastIssueSync: Instant | null;
  readonly lastSyncAt: Instant | null;
  readonly lastSweepAt: Instant | null;
  readonly removedAt: Instant | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export type RepositoryInput =
  | {
      readonly type: 'added';
      readonly gitea: GiteaRepository;
      readonly newId: string;
      readonly monitorIssues: boolean;
      readonly chorusLabelsOnly: boolean;
      readonly by: string;
      readonly at: Instant;
    }
  | { readonly type: 'scan_started'; readonly at: Instant }
  /** `complete`: read to its end; then an empty repository counts as found, too. */
  | {
      readonly type: 'content_seen';
      readonly chorusIssues: number;
      readonly issues: number;
      readonly complete: boolean;
      readonly at: Instant;
    }
  | { readonly type: 'failed'; readonly reason: string; readonly retryInMs: number; readonly at: Instant }
  | { readonly type: 'renamed'; readonly gitea: GiteaRepository; readonly at: Instant }
  | {
      readonly type: 'settings';
      readonly monitorIssues?: boolean | undefined;
      readonly chorusLabelsOnly?: boolean | undefined;
      readonly enabled?: boolean | undefined;
      readonly by: string;
      readonly at: Instant;
    }
  | {
      readonly type: 'hook';
      readonly webhook: View['webhook'];
      readonly webhookId: number | null;
      readonly secretSha256: string | null;
      readonly at: Instant;
    }
  | { readonly type: 'removed'; readonly by: string; readonly at: Instant };

export interface RepositoryStep {
  readonly repository: Repository;
  readonly event: EventContract<View & { change: Change }>;
  readonly change: Change;
}

const SELF = 'monitor';

export function stepRepository(
  before: Repository | undefined,
  input: RepositoryInput,
): RepositoryStep | undefined {
  if (input.type === 'added') return added(before, input);
  if (before === undefined) return undefined;
  const changed = (
    patch: Partial<Repository>,
    reason: string,
    by = SELF,
    event: RepositoryStep['event'] = repositories.repositoryChanged,
  ): RepositoryStep => {
    const repository = { ...before, ...patch, revision: before.revision + 1, updatedAt: input.at };
    return {
      repository,
      event,
      change: { from: before.syncStatus, to: repository.syncStatus, reason: reason.slice(0, 2_000), by },
    };
  };
  switch (input.type) {
    case 'scan_started':
      return before.syncStatus === 'pending'
        ? changed({ syncStatus: 'initial_scan' }, 'the initial scan began')
        : undefined;
    case 'content_seen': {
      const found = input.chorusIssues > 0 || (input.complete && input.issues === 0);
      if (before.syncStatus === 'disabled' || before.syncStatus === 'active') return undefined;
      if (found)
        return changed(
          { syncStatus: 'active', ...HEALTHY },
          input.issues === 0 ? 'scanned to its end: empty' : 'content was found',
        );
      return before.syncStatus === 'error'
        ? changed({ syncStatus: 'initial_scan', ...HEALTHY }, 'it can be read again')
        : undefined;
    }
    case 'failed': {
      if (before.syncStatus === 'disabled') return undefined;
      const patch = {
        syncStatus: 'error' as const,
        syncError: input.reason.slice(0, 1_000),
        syncFailures: before.syncFailures + 1,
        retryAt: input.at + input.retryInMs,
      };
      return changed(patch, input.reason, SELF, repositories.repositoryFailed);
    }
    case 'renamed':
      return before.fullName === input.gitea.fullName
        ? undefined
        : changed({ ...input.gitea }, `renamed from ${before.fullName}`);
    case 'settings':
      return onSettings(before, input, changed);
    case 'hook':
      if (
        before.webhook === input.webhook &&
        before.webhookId === input.webhookId &&
        before.webhookSecretSha256 === input.secretSha256
      )
        return undefined;
      return changed(
        { webhook: input.webhook, webhookId: input.webhookId, webhookSecretSha256: input.secretSha256 },
        `webhook ${input.webhook}`,
      );
    case 'removed':
      return before.removedAt !== null
        ? undefined
        : changed(
            { removedAt: input.at, syncStatus: 'disabled' },
            'removed',
            input.by,
            repositories.repositoryRemoved,
          );
    default:
      return unreachable(input);
  }
}

const HEALTHY = { syncError: null, syncFailures: 0, retryAt: null } as const;

function added(
  before: Repository | undefined,
  input: Extract<RepositoryInput, { type: 'added' }>,
): RepositoryStep | undefined {
  // Somebody who removed it and adds it again goes on with the same row: its tasks refer to it.
  if (before !== undefined && before.removedAt === null) return undefined;
  const repository: Repository = {
    webhook: 'off',
    webhookId: null,
    webhookSecretSha256: null,
    lastIssueSync: null,
    lastSyncAt: null,
    lastSweepAt: null,
    createdAt: input.at,
    id: input.newId,
    ...before,
    ...input.gitea,
    ...HEALTHY,
    monitorIssues: input.monitorIssues,
    chorusLabelsOnly: input.chorusLabelsOnly,
    syncStatus: 'pending',
    removedAt: null,
    revision: (before?.revision ?? 0) + 1,
    updatedAt: input.at,
  };
  return {
    repository,
    event: repositories.repositoryAdded,
    change: { from: before?.syncStatus ?? null, to: 'pending', reason: 'added', by: input.by },
  };
}

function onSettings(
  before: Repository,
  input: Extract<RepositoryInput, { type: 'settings' }>,
  changed: (patch: Partial<Repository>, reason: string, by: string) => RepositoryStep,
): RepositoryStep | undefined {
  const monitorIssues = input.monitorIssues ?? before.monitorIssues;
  const chorusLabelsOnly = input.chorusLabelsOnly ?? before.chorusLabelsOnly;
  const wasEnabled = before.syncStatus !== 'disabled';
  const enabled = input.enabled ?? wasEnabled;
  if (
    monitorIssues === before.monitorIssues &&
    chorusLabelsOnly === before.chorusLabelsOnly &&
    enabled === wasEnabled
  )
    return undefined;
  const toggled: Partial<Repository> =
    enabled === wasEnabled
      ? {}
      : enabled
        ? { syncStatus: 'pending', ...HEALTHY }
        : { syncStatus: 'disabled', ...HEALTHY };
  // Wider intake has to find what was passed over before.
  const widened =
    before.chorusLabelsOnly && !chorusLabelsOnly && enabled ? { syncStatus: 'pending' as const } : {};
  return changed({ monitorIssues, chorusLabelsOnly, ...widened, ...toggled }, 'settings changed', input.by);
}
