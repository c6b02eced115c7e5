import { type Bus } from '@whoosh/bus';
import { backbeat, CallError, ERRORS } from '@whoosh/contracts';
import { type RouteHandler, sendJson, type ServiceContext } from '@whoosh/lifecycle';
import { listReports } from './handlers/reports.ts';
import { statusOf } from './handlers/status.ts';
import { getWindow, listWindows } from './handlers/windows.ts';
import { type Reverb } from './reverb.ts';

const WINDOWS_DEFAULT = 20;
const WINDOWS_MAX = 200;

/** Reverb's calls: each line is one subject it answers. */
export function serveCalls(bus: Bus, reverb: Reverb): void {
  const at = { cluster: reverb.options.clusterId };
  const { listWindows: list, getWindow: get, listReports: reports, getReverbStatus: status } = backbeat;
  bus.serveAt(list.subject.at(at), list, ({ limit }) => Promise.resolve(listWindows(reverb, limit)));
  bus.serveAt(get.subject.at(at), get, ({ window_id: id }) => getWindow(reverb, id));
  bus.serveAt(reports.subject.at(at), reports, ({ limit, before_beat: beat, before_epoch: epoch }) =>
    listReports(reverb, limit, { beat, epoch }),
  );
  bus.serveAt(status.subject.at(at), status, () => Promise.resolve(statusOf(reverb)));
}

/** The same for people, on the admin port. */
export function routeAdmin(admin: Pick<ServiceContext<unknown>['admin'], 'route'>, reverb: Reverb): void {
  admin.route('GET', '/api/v1/status', (_request, response) => sendJson(response, 200, statusOf(reverb)));
  admin.route('GET', '/api/v1/windows', (_request, response, { query }) => {
    const limit = Number(query.get('limit') ?? WINDOWS_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > WINDOWS_MAX) {
      sendJson(response, 400, { error: `limit must be a whole number from 1 to ${WINDOWS_MAX}` });
      return;
    }
    sendJson(response, 200, listWindows(reverb, limit));
  });
  admin.route('GET', '/api/v1/windows/{id}', oneWindow(reverb));
}

function oneWindow(reverb: Reverb): RouteHandler {
  return async (_request, response, { params }) => {
    const id = backbeat.WindowId.safeParse(params['id']);
    if (!id.success) {
      sendJson(response, 404, { error: 'no such window' });
      return;
    }
    try {
      sendJson(response, 200, await getWindow(reverb, id.data));
    } catch (cause) {
      if (!(cause instanceof CallError)) throw cause;
      sendJson(response, ERRORS[cause.code].http, { error: cause.message });
    }
  };
}
