import { connectBus } from '@whoosh/bus';
import { natsAuth } from '@whoosh/config';
import { runService, supervise } from '@whoosh/lifecycle';
import { addAdminRoutes } from './admin.ts';
import { metronomeSettings, PulseEnv, pulseProblems } from './config.ts';
import { LeaderLog } from './leader-log.ts';
import { MetronomeThread } from './metronome-thread.ts';
import { type Notice } from './metronome/messages.ts';
import { PulseMetrics } from './metrics.ts';
import { Pulse } from './pulse.ts';
import { RefusalLog } from './refusal-log.ts';
import { BeatWatch } from './readiness.ts';

/** A status with its peers is a few kilobytes; frames and calls are smaller. */
const PAYLOAD_BYTES_MAX = 64 * 1024;

await runService({
  service: 'pulse',
  env: PulseEnv,
  check: pulseProblems,
  start: async ({ env, log, registry, resources, readiness, admin, instance, version, stopping }) => {
    const startedAtMs = performance.now();
    const settings = metronomeSettings(env, version);
    const { cluster, node, natsServers } = settings;
    const metrics = new PulseMetrics(registry);
    const watch = new BeatWatch(readiness);
    const leaders = new LeaderLog(node, log);
    const refusals = new RefusalLog(node, log);
    const connections = Math.min(2, natsServers.length);
    const onNotice = (notice: Notice): void => {
      if (notice.type === 'log') log[notice.level]({ node, ...notice.fields }, notice.message);
      if (notice.type === 'reconnected') metrics.connected(connections);
      metrics.hear(notice);
      watch.hear(notice);
      leaders.hear(notice);
      refusals.hear(notice, performance.now());
    };
    const metronome = await MetronomeThread.start(settings, onNotice, (failure) => {
      log.fatal({ err: failure }, 'the metronome has stopped');
      process.exit(1);
    });
    resources.use(metronome);
    const slo = () => metrics.objectives.met(performance.now());
    const tokens = [env.BACKBEAT_ADMIN_TOKEN, env.BACKBEAT_ADMIN_TOKEN_PREVIOUS]
      .filter((token) => token !== undefined)
      .map((token) => token.reveal());
    const isGuarded = tokens.length > 0;
    const pulse = new Pulse({ cluster, node, metronome, startedAtMs, slo, isGuarded, log });
    addAdminRoutes(admin, pulse, tokens);
    log.info(
      { cluster, node, peers: settings.peers.length, directory: settings.directory },
      'metronome runs',
    );

    if (settings.raftProtection.previousSecret !== undefined) {
      log.info(
        { node },
        'the previous Raft secret is still heard: start without it once all nodes have the new one',
      );
    }

    const auth = natsAuth(env);
    const bus = await connectBus({
      servers: natsServers,
      service: 'pulse',
      instance,
      profile: 'beat',
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      log,
      registry,
      readiness,
      ...(auth !== undefined && { auth }),
    });
    // From here on beats decide, which have connections of their own.
    readiness.forget('nats');
    resources.use(bus);
    pulse.serve(bus);
    bus.serveDiscovery({
      version,
      description: 'The elected source of beats',
      health: async () => {
        const failing = readiness.failing();
        const status = Object.keys(failing).length === 0 ? 'ok' : 'degraded';
        return { status, dependencies: failing };
      },
    });
    await bus.flush();
    // Late joiners read the stream; beats do not wait for it.
    resources.use(supervise('streams', () => bus.ensureStreams(['BACKBEAT_BEATS']), { log, stopping }));
  },
});
