/** Ctrl-C and SIGTERM as an abort signal; the second one is for the impatient. */
export function stopSignals(onImpatience: () => void): AbortSignal {
  const controller = new AbortController();
  const hear = (): void => {
    if (controller.signal.aborted) onImpatience();
    controller.abort();
  };
  process.on('SIGINT', hear);
  process.on('SIGTERM', hear);
  process.on('SIGHUP', hear);
  return controller.signal;
}
