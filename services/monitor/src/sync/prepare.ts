/** Labels and hook of a repository: put right when it is added, and again when it comes back from an error. */
import { sql, type Kysely } from 'kysely';
import { CallError } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Secret } from '@whoosh/config';
import { sha256Hex } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { missingLabels, twinIds } from '../domain/labels.ts';
import { type Repository } from '../domain/repository.ts';
import { HOOK_EVENTS, type Gitea } from '../gitea/client.ts';
import { type Lives } from './lives.ts';

export interface PrepareDeps {
  readonly db: Kysely<DB>;
  readonly gitea: Gitea;
  readonly lives: Lives;
  readonly log: Log;
  readonly webhookUrl: string | undefined;
  readonly webhookToken: Secret | undefined;
}

/** Creates what is missing of the nine labels. Two replicas at once make no twins: a lock, and a look after it. */
export async function ensureLabels(
  deps: Pick<PrepareDeps, 'db' | 'gitea'>,
  repository: Repository,
): Promise<{ created: string[]; present: string[] }> {
  return deps.db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`labels:${repository.id}`}, 0))`.execute(trx);
    const own = await deps.gitea.labels(repository.fullName);
    const shared = await deps.gitea.organisationLabels(repository.owner);
    const missing = missingLabels([...own, ...shared].map(({ name }) => name));
    for (const label of missing) await deps.gitea.createLabel(repository.fullName, label);
    if (missing.length > 0) {
      // Somebody outside the lock may have created one meanwhile; the lowest id stays, the others are ours to undo.
      const known = new Set(own.map(({ id }) => id));
      const after = await deps.gitea.labels(repository.fullName);
      for (const id of twinIds(after).filter((twin) => !known.has(twin)))
        await deps.gitea.deleteLabel(repository.fullName, id);
    }
    const created = missing.map(({ name }) => name);
    return { created, present: [...own, ...shared].map(({ name }) => name).toSorted() };
  });
}

/**
 * Makes Gitea send deliveries. A secret cannot be changed or read back, so a hook that is not known to carry the present one is
 * replaced: the new one first, then the old ones go.
 */
export async function ensureHook(deps: PrepareDeps, repository: Repository): Promise<void> {
  const { webhookUrl: url, webhookToken: token } = deps;
  if (url === undefined || token === undefined) {
    await deps.lives.change(repository.id, {
      type: 'hook',
      webhook: 'off',
      webhookId: null,
      secretSha256: null,
    });
    return;
  }
  const digest = sha256Hex(token.reveal());
  try {
    const ours = (await deps.gitea.hooks(repository.fullName)).filter((hook) => hook.config.url === url);
    const good = ours.find(
      (hook) =>
        hook.id === repository.webhookId &&
        repository.webhookSecretSha256 === digest &&
        hook.active &&
        HOOK_EVENTS.every((event) => hook.events.includes(event)),
    );
    const id = good?.id ?? (await deps.gitea.createHook(repository.fullName, url, token.reveal()));
    await deps.lives.change(repository.id, {
      type: 'hook',
      webhook: 'installed',
      webhookId: id,
      secretSha256: digest,
    });
    for (const hook of ours) if (hook.id !== id) await deps.gitea.deleteHook(repository.fullName, hook.id);
  } catch (cause) {
    if (!(cause instanceof CallError) || cause.code === 'unavailable') throw cause;
    deps.log.warn(
      { repository: repository.fullName, err: cause },
      'no webhook: the token may not manage hooks; polling only',
    );
    await deps.lives.change(repository.id, {
      type: 'hook',
      webhook: 'refused',
      webhookId: null,
      secretSha256: null,
    });
  }
}

/** Both, and neither stops the repository from being read: without labels nobody can mark an issue, but reading goes on. */
export async function prepare(deps: PrepareDeps, repository: Repository): Promise<void> {
  try {
    await ensureLabels(deps, repository);
  } catch (cause) {
    if (!(cause instanceof CallError) || cause.code === 'unavailable') throw cause;
    deps.log.warn({ repository: repository.fullName, err: cause }, 'labels could not be ensured');
  }
  await ensureHook(deps, repository);
}
