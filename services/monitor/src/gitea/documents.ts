/** What we read of Gitea's answers: each is parsed at the door, and only these fields go further. */
import * as z from 'zod';

const User = z.object({ login: z.string() });

export const IssueDocument = z.object({
  id: z.number(),
  number: z.number(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string().nullish(),
  state: z.enum(['open', 'closed']),
  labels: z.array(z.object({ id: z.number(), name: z.string() })).nullish(),
  assignees: z.array(User).nullish(),
  user: User.nullish(),
  updated_at: z.string(),
  pull_request: z.unknown().nullish(),
  repository: z.object({ id: z.number(), full_name: z.string() }).nullish(),
});
export type IssueDocument = z.infer<typeof IssueDocument>;

export const RepositoryDocument = z.object({
  id: z.number(),
  name: z.string(),
  full_name: z.string(),
  owner: User,
  html_url: z.string(),
  default_branch: z.string().nullish(),
  has_issues: z.boolean().nullish(),
  archived: z.boolean().nullish(),
});
export type RepositoryDocument = z.infer<typeof RepositoryDocument>;

export const LabelDocument = z.object({ id: z.number(), name: z.string() });
export const CommentDocument = z.object({ id: z.number(), body: z.string(), user: User.nullish() });
export type CommentDocument = z.infer<typeof CommentDocument>;
export const HookDocument = z.object({
  id: z.number(),
  active: z.boolean(),
  events: z.array(z.string()),
  config: z.object({ url: z.string().nullish(), content_type: z.string().nullish() }),
});
export type HookDocument = z.infer<typeof HookDocument>;
