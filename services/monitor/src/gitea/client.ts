import * as z from 'zod';
import { CallError } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import {
  CommentDocument,
  HookDocument,
  IssueDocument,
  LabelDocument,
  RepositoryDocument,
} from './documents.ts';
import { type GiteaAnswer, type GiteaRequests } from './request.ts';

/** Gitea caps a page at 50. */
export const PAGE_ITEMS = 50;
/** A list is read to its end, but not without one: 50 × 400 issues. */
const PAGES_MAX = 400;

export const HOOK_EVENTS = ['issues', 'issue_comment', 'push', 'pull_request'] as const;

export interface IssuePage {
  readonly issues: readonly IssueDocument[];
  /** The server's clock when it answered. */
  readonly serverTime: Instant | undefined;
  readonly last: boolean;
}

/** Gitea as the monitor needs it. Every method throws CallError: not_found, permission_denied, failed_precondition, unavailable. */
export class Gitea {
  readonly #requests: GiteaRequests;

  constructor(requests: GiteaRequests) {
    this.#requests = requests;
  }

  async version(): Promise<string> {
    return parse(z.object({ version: z.string() }), await this.#get('/version')).version;
  }

  async repository(fullName: string): Promise<RepositoryDocument> {
    return parse(RepositoryDocument, await this.#get(`/repos/${path(fullName)}`));
  }

  async repositoryById(giteaId: number): Promise<RepositoryDocument> {
    return parse(RepositoryDocument, await this.#get(`/repositories/${giteaId}`));
  }

  async issue(fullName: string, number: number): Promise<IssueDocument> {
    return parse(IssueDocument, await this.#get(`/repos/${path(fullName)}/issues/${number}`));
  }

  /** One page of a repository's issues, newest created first. `label` narrows it at the API, and is checked again in code. */
  async issues(
    fullName: string,
    page: number,
    filter: { since?: Instant | undefined; label?: string | undefined },
  ): Promise<IssuePage> {
    const query = new URLSearchParams({
      state: 'all',
      type: 'issues',
      limit: String(PAGE_ITEMS),
      page: String(page),
    });
    if (filter.since !== undefined) query.set('since', rfc3339(filter.since));
    if (filter.label !== undefined) query.set('labels', filter.label);
    return pageOf(await this.#get(`/repos/${path(fullName)}/issues?${query.toString()}`));
  }

  /** One page of the issues of every repository that the token sees. */
  async search(page: number, since: Instant | undefined): Promise<IssuePage> {
    const query = new URLSearchParams({
      state: 'all',
      type: 'issues',
      limit: String(PAGE_ITEMS),
      page: String(page),
    });
    if (since !== undefined) query.set('since', rfc3339(since));
    return pageOf(await this.#get(`/repos/issues/search?${query.toString()}`));
  }

  async labels(fullName: string): Promise<z.infer<typeof LabelDocument>[]> {
    return this.#list(`/repos/${path(fullName)}/labels`, LabelDocument);
  }

  /** Labels of the organisation; empty when the owner is a user. */
  async organisationLabels(owner: string): Promise<z.infer<typeof LabelDocument>[]> {
    return this.#list(`/orgs/${encodeURIComponent(owner)}/labels`, LabelDocument).catch((cause: unknown) => {
      if (cause instanceof CallError && (cause.code === 'not_found' || cause.code === 'permission_denied'))
        return [];
      throw cause;
    });
  }

  async createLabel(
    fullName: string,
    label: { name: string; color: string; description: string },
  ): Promise<void> {
    await this.#requests.send('POST', `/repos/${path(fullName)}/labels`, label);
  }

  async deleteLabel(fullName: string, id: number): Promise<void> {
    await this.#requests.send('DELETE', `/repos/${path(fullName)}/labels/${id}`);
  }

  async comments(fullName: string, number: number): Promise<CommentDocument[]> {
    return parse(
      z.array(CommentDocument),
      await this.#get(`/repos/${path(fullName)}/issues/${number}/comments`),
    );
  }

  async createComment(fullName: string, number: number, body: string): Promise<number> {
    return parse(
      CommentDocument,
      await this.#requests.send('POST', `/repos/${path(fullName)}/issues/${number}/comments`, { body }),
    ).id;
  }

  async editComment(fullName: string, id: number, body: string): Promise<void> {
    await this.#requests.send('PATCH', `/repos/${path(fullName)}/issues/comments/${id}`, { body });
  }

  async hooks(fullName: string): Promise<HookDocument[]> {
    return this.#list(`/repos/${path(fullName)}/hooks`, HookDocument);
  }

  async createHook(fullName: string, url: string, secret: string): Promise<number> {
    const body = {
      type: 'gitea',
      active: true,
      events: HOOK_EVENTS,
      config: { url, content_type: 'json', secret },
    };
    return parse(HookDocument, await this.#requests.send('POST', `/repos/${path(fullName)}/hooks`, body)).id;
  }

  async deleteHook(fullName: string, id: number): Promise<void> {
    await this.#requests.send('DELETE', `/repos/${path(fullName)}/hooks/${id}`);
  }

  #get(url: string): Promise<GiteaAnswer> {
    return this.#requests.send('GET', url);
  }

  /** Pages by number: the `Link` header names another address than the one we ask. */
  async #list<Item extends z.ZodType>(url: string, item: Item): Promise<z.infer<Item>[]> {
    const all: z.infer<Item>[] = [];
    for (let page = 1; page <= PAGES_MAX; page++) {
      const items = parse(z.array(item), await this.#get(`${url}?limit=${PAGE_ITEMS}&page=${page}`));
      all.push(...items);
      if (items.length < PAGE_ITEMS) break;
    }
    return all;
  }
}

function pageOf(answer: GiteaAnswer): IssuePage {
  const issues = parse(z.array(IssueDocument), answer).filter(
    ({ pull_request: pull }) => pull === null || pull === undefined,
  );
  const date = Date.parse(answer.headers['date'] ?? '');
  const received = Array.isArray(answer.data) ? answer.data.length : 0;
  return { issues, serverTime: Number.isNaN(date) ? undefined : date, last: received < PAGE_ITEMS };
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: GiteaAnswer): z.infer<Schema> {
  const parsed = schema.safeParse(answer.data);
  if (parsed.success) return parsed.data;
  throw new CallError('unavailable', 'gitea answered in a shape we do not know', { cause: parsed.error });
}

function path(fullName: string): string {
  return fullName.split('/').map(encodeURIComponent).join('/');
}

function rfc3339(at: Instant): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
