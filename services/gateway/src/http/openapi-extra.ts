/** Routes that are no question with a JSON answer in the usual envelope, and therefore not in the table. */
type Json = Record<string, unknown>;

const json = (description: string) => ({
  description,
  content: { 'application/json': { schema: { type: 'object' } } },
});

export const EXTRA_PATHS: Readonly<Record<string, Json>> = {
  '/api/v1/events': {
    get: {
      operationId: 'streamEvents',
      tags: ['events'],
      summary: 'Every event as it is stored, as Server-Sent Events; resumable',
      description:
        'Who: any token. `id` is the sequence in the stream, `event` the type, `data` the CloudEvent. ' +
        '`reset` says that what lies between is not kept any more: look at the lists again.',
      parameters: [
        {
          name: 'Last-Event-ID',
          in: 'header',
          required: false,
          schema: { type: 'string', pattern: '^[0-9]+$' },
        },
        {
          name: 'beats',
          in: 'query',
          required: false,
          schema: { type: 'string', enum: ['1'] },
          description: 'Beats (`beat`) and BarReports (`report`) as well, without id',
        },
      ],
      responses: {
        '200': {
          description: 'An endless answer',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
      },
    },
  },
  '/health': {
    get: {
      operationId: 'getHealth',
      tags: ['health'],
      security: [],
      summary: 'Alive',
      responses: { '200': json('Alive') },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'getReadiness',
      tags: ['health'],
      security: [],
      summary: 'Able to work',
      responses: { '200': json('Ready'), '503': json('Not ready, with what is missing') },
    },
  },
  '/admin/health/details': {
    get: {
      operationId: 'getHealthDetails',
      tags: ['health'],
      summary: 'Every part and every replica',
      description: 'Who: admin.',
      responses: { '200': json('Details') },
    },
  },
  '/webhooks/gitea': {
    post: {
      operationId: 'receiveGiteaDelivery',
      tags: ['webhooks'],
      security: [],
      summary: 'A delivery of Gitea, signed with HMAC-SHA256 in X-Gitea-Signature',
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { type: 'object' } },
          'application/x-www-form-urlencoded': { schema: { type: 'object' } },
        },
      },
      responses: {
        '202': json('Stored'),
        '401': json('Not signed with our token'),
        '413': json('Larger than 1 MiB'),
        '415': json('Neither JSON nor form'),
        '503': json('Off, or not to be stored right now'),
      },
    },
  },
};
