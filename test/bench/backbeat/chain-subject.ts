/** Where a pulse without a grid is told that it leads from now on. */
export function chainSubject(cluster: string, node: string): string {
  return `bench.${cluster}.take.${node}`;
}
