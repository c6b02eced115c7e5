import { CallError, type deployments, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type DeploymentStore } from '../store/deployments.ts';
import { deploymentView } from '../store/views.ts';

export function listDeployments(store: DeploymentStore) {
  return async ({
    owner_id: ownerId,
    ...page
  }: RequestOf<typeof deployments.listDeployments>): Promise<ReplyOf<typeof deployments.listDeployments>> => {
    const { items, nextCursor } = await store.list({ ...page, ownerId });
    return { items: items.map(deploymentView), next_cursor: nextCursor };
  };
}

export function getDeployment(store: DeploymentStore) {
  return async ({ id }: RequestOf<typeof deployments.getDeployment>): Promise<deployments.DeploymentView> => {
    const deployment = await store.find(id);
    if (deployment === undefined) throw new CallError('not_found', `there is no deployment ${id}`);
    return deploymentView(deployment);
  };
}
