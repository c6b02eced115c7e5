/**
 * What Gitea answers when it refuses. `message` is null where it answers with a status alone; a 404 carries
 * `errors: null` besides.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly hasBody: boolean;

  constructor(status: number, message: string | null) {
    super(message ?? `status ${status}`);
    this.status = status;
    this.hasBody = message !== null;
  }
}

export const notFound = (): ApiError => new ApiError(404, 'not found');
export const unprocessable = (message: string): ApiError => new ApiError(422, message);
export const forbidden = (message: string | null): ApiError => new ApiError(403, message);
export const archived = (fullName: string): ApiError => new ApiError(423, `${fullName} is archived`);
