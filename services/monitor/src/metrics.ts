import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';

/** What can be graphed and alerted on about the intake. */
export class MonitorMetrics {
  readonly issuesTaken: Counter<'door'>;
  readonly missedIssues: Counter;
  readonly syncFailures: Counter<'operation'>;
  readonly pollSeconds: Histogram;
  readonly giteaUp: Gauge;
  readonly giteaRequests: Counter<'status'>;
  readonly giteaSeconds: Histogram;
  readonly comments: Counter<'result'>;
  readonly deliveries: Counter<'event'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.issuesTaken = new Counter({
      name: 'whoosh_monitor_issues_taken_total',
      help: 'Issues whose reading changed a task, by the door they came through.',
      labelNames: ['door'],
      registers,
    });
    this.missedIssues = new Counter({
      name: 'whoosh_monitor_missed_issues_total',
      help: 'Changes that neither webhook nor poll had brought and a sweep found.',
      registers,
    });
    this.syncFailures = new Counter({
      name: 'whoosh_monitor_sync_failures_total',
      help: 'Readings of a repository that failed, by operation.',
      labelNames: ['operation'],
      registers,
    });
    this.pollSeconds = new Histogram({
      name: 'whoosh_monitor_poll_seconds',
      help: 'Time of one tick over all repositories.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 3, 10, 30],
      registers,
    });
    this.giteaUp = new Gauge({
      name: 'whoosh_monitor_gitea_up',
      help: 'Whether the last poll got an answer from Gitea.',
      registers,
    });
    this.giteaRequests = new Counter({
      name: 'whoosh_gitea_requests_total',
      help: 'Requests to Gitea, by status.',
      labelNames: ['status'],
      registers,
    });
    this.giteaSeconds = new Histogram({
      name: 'whoosh_gitea_request_seconds',
      help: 'Time until Gitea answered.',
      buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15],
      registers,
    });
    this.comments = new Counter({
      name: 'whoosh_monitor_comments_total',
      help: 'Milestone comments on issues, by what became of them.',
      labelNames: ['result'],
      registers,
    });
    this.deliveries = new Counter({
      name: 'whoosh_monitor_deliveries_total',
      help: 'Webhook deliveries taken from the inbox, by event.',
      labelNames: ['event'],
      registers,
    });
    for (const result of ['posted', 'edited', 'refused']) this.comments.inc({ result }, 0);
  }
}
