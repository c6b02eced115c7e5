import { createHmac } from 'node:crypto';
import { type Hook } from '../domain/model.ts';
import { type Notice } from '../domain/turn.ts';
import { queryEscape } from '../wire/go-query.ts';
import { marshalIndent } from '../wire/go-json.ts';

export interface DeliveryRequest {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The signed text is the JSON itself, also when the body carries it as a form's `payload` field. */
export function buildDelivery(hook: Hook, notice: Notice, id: string): DeliveryRequest {
  const json = marshalIndent(notice.payload);
  const isForm = hook.contentType === 'form';
  const body = isForm ? `payload=${queryEscape(json)}` : json;
  const signature = (algorithm: 'sha1' | 'sha256'): string =>
    hook.secret === '' ? '' : createHmac(algorithm, hook.secret).update(json).digest('hex');
  const sha256 = signature('sha256');
  const target = hook.organizationId === 0 ? 'repository' : 'organization';
  const headers: Record<string, string> = {
    Host: new URL(hook.url).host,
    'User-Agent': 'Go-http-client/1.1',
    'Content-Length': `${Buffer.byteLength(body)}`,
    ...(hook.authorizationHeader === '' ? {} : { Authorization: hook.authorizationHeader }),
    'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
    'X-GitHub-Delivery': id,
    'X-GitHub-Event': notice.event,
    'X-GitHub-Event-Type': notice.eventType,
    'X-GitHub-Hook-Installation-Target-Type': target,
    'X-Gitea-Delivery': id,
    'X-Gitea-Event': notice.event,
    'X-Gitea-Event-Type': notice.eventType,
    'X-Gitea-Hook-Installation-Target-Type': target,
    'X-Gitea-Signature': sha256,
    'X-Gogs-Delivery': id,
    'X-Gogs-Event': notice.event,
    'X-Gogs-Event-Type': notice.eventType,
    'X-Gogs-Signature': sha256,
    'X-Hub-Signature': `sha1=${signature('sha1')}`,
    'X-Hub-Signature-256': `sha256=${sha256}`,
    'Accept-Encoding': 'gzip',
  };
  return { id, headers, body };
}

/** Which hooks hear of a notice: the repository's own first, then its organization's, each by id. */
export function hooksFor(hooks: readonly Hook[], notice: Notice): Hook[] {
  if (notice.onlyHookId !== undefined) return hooks.filter((hook) => hook.id === notice.onlyHookId);
  const wanting = hooks.filter((hook) => hook.isActive && hook.events.includes(notice.eventType));
  return [
    ...wanting.filter((hook) => hook.repositoryId === notice.repositoryId),
    ...wanting.filter((hook) => hook.organizationId === notice.ownerId),
  ];
}
