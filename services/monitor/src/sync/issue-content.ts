import { type Repository } from '../domain/repository.ts';
import { normalise, type Content } from '../domain/intake.ts';
import { type IssueDocument } from '../gitea/documents.ts';

/** An issue of Gitea, in the form the rules see. */
export function contentOf(
  issue: IssueDocument,
  repository: Pick<Repository, 'id' | 'giteaId' | 'fullName'>,
): Content {
  const updatedAt = Date.parse(issue.updated_at);
  return normalise({
    sourceType: 'gitea',
    externalId: `${repository.giteaId}#${issue.number}`,
    repositoryId: repository.id,
    repository: repository.fullName,
    number: issue.number,
    title: issue.title,
    body: issue.body ?? '',
    url: issue.html_url ?? null,
    labels: (issue.labels ?? []).map(({ name }) => name),
    assignees: (issue.assignees ?? []).map(({ login }) => login),
    author: issue.user?.login ?? null,
    issueState: issue.state,
    sourceUpdatedAt: Number.isNaN(updatedAt) ? null : updatedAt,
  });
}
