/** Thrown once, with every complaint: a half-configured service is put right in one restart, not in nine. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One sentence per problem; names variables and rules, never values. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`configuration refused:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}
