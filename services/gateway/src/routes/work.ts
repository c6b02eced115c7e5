import { councils, tasks, teams } from '@whoosh/contracts';
import { callRoute, type Route } from './route.ts';

export const TASK_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/tasks',
      who: 'any',
      tag: 'tasks',
      operation: 'listTasks',
      message: 'Tasks',
    },
    tasks.listTasks,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/tasks/ingest',
      who: 'service',
      tag: 'tasks',
      operation: 'ingestTask',
      message: 'Task taken',
    },
    tasks.ingestTask,
  ),
  callRoute(
    {
      method: 'get',
      path: '/api/v1/tasks/{taskID}',
      params: { taskID: 'id' },
      who: 'any',
      tag: 'tasks',
      operation: 'getTask',
      message: 'Task',
    },
    tasks.getTask,
  ),
];

const team = { params: { teamID: 'id' }, tag: 'teams' };

export const TEAM_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/teams',
      who: 'any',
      tag: 'teams',
      operation: 'listTeams',
      message: 'Teams',
    },
    teams.listTeams,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/teams',
      who: 'admin',
      tag: 'teams',
      operation: 'createTeam',
      status: 201,
      message: 'Team composed',
    },
    teams.createTeam,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/teams/analyze',
      who: 'any',
      tag: 'teams',
      operation: 'analyzeTask',
      message: 'Task analysed',
    },
    teams.analyzeTask,
  ),
  callRoute(
    {
      ...team,
      method: 'get',
      path: '/api/v1/teams/{teamID}',
      who: 'any',
      operation: 'getTeam',
      message: 'Team',
    },
    teams.getTeam,
  ),
  callRoute(
    {
      ...team,
      method: 'put',
      path: '/api/v1/teams/{teamID}/status',
      who: 'admin',
      operation: 'setTeamStatus',
      message: 'Team ended',
    },
    teams.setTeamStatus,
  ),
  callRoute(
    {
      ...team,
      method: 'get',
      path: '/api/v1/teams/{teamID}/decision',
      who: 'any',
      operation: 'getDecision',
      message: 'Why the team is as it is',
    },
    teams.getDecision,
  ),
];

const at = '/api/v1/councils/{councilID}';
const ofCouncil = { params: { councilID: 'council_id' }, tag: 'councils' };

export const COUNCIL_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/councils',
      who: 'any',
      tag: 'councils',
      operation: 'listCouncils',
      message: 'Councils',
    },
    councils.listCouncils,
  ),
  callRoute(
    {
      method: 'get',
      path: at,
      params: { councilID: 'id' },
      who: 'any',
      tag: 'councils',
      operation: 'getCouncil',
      message: 'Council',
    },
    councils.getCouncil,
  ),
  callRoute(
    {
      ...ofCouncil,
      method: 'get',
      path: `${at}/artifacts`,
      who: 'any',
      operation: 'listArtifacts',
      message: 'Artifacts',
    },
    councils.listArtifacts,
  ),
  callRoute(
    {
      ...ofCouncil,
      method: 'post',
      path: `${at}/artifacts`,
      who: 'agent-or-admin',
      operation: 'addArtifact',
      status: 201,
      message: 'Artifact stored',
      lenient: true,
    },
    councils.addArtifact,
  ),
  callRoute(
    {
      method: 'get',
      path: `${at}/artifacts/{artifactID}`,
      params: { councilID: 'council_id', artifactID: 'artifact_id' },
      who: 'any',
      tag: 'councils',
      operation: 'getArtifact',
      message: 'Artifact',
    },
    councils.getArtifact,
  ),
  callRoute(
    {
      ...ofCouncil,
      method: 'post',
      path: `${at}/claims`,
      who: 'agent',
      operation: 'claimRole',
      message: 'The seat is yours',
      lenient: true,
    },
    councils.claimRole,
  ),
  callRoute(
    {
      ...ofCouncil,
      method: 'post',
      path: `${at}/votes`,
      who: 'agent',
      operation: 'castVote',
      message: 'Vote stored',
      lenient: true,
    },
    councils.castVote,
  ),
  callRoute(
    {
      method: 'post',
      path: `${at}/cancel`,
      params: { councilID: 'id' },
      who: 'admin',
      tag: 'councils',
      operation: 'cancelCouncil',
      message: 'Council cancelled',
    },
    councils.cancelCouncil,
  ),
];
