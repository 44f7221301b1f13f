import type { Guard } from './guard.ts'

const workflow = 'src/main/core/workflows/update'
const on = (named: string): Pick<Guard, 'project' | 'tests' | 'named'> => ({ project: 'integration', tests: 'test/integration/ota/deviceUpdates.test.ts', named })
const back = (named: string): Pick<Guard, 'project' | 'tests' | 'named'> => ({ project: 'integration', tests: 'test/integration/updater/goBack.test.ts', named })

/** What stands between a job and a version that the device does not have. */
export const deviceUpdateGuards: readonly Guard[] = [
  { says: 'a device that was changed and not asked since has an unknown state', file: 'src/shared/jobs/reduceJob.ts', ...on('gone in the middle'),
    find: '...(event.writing ? withoutVersion(next) : next)', replace: '...next' },
  { says: 'without a version an update ends as unknown', file: 'src/main/core/jobs/jobEnding.ts', ...on('gone in the middle'),
    find: 'isUntold(job) || job.partitions', replace: 'job.partitions' },
  { says: 'after a failure the device is asked what it runs', file: `${workflow}/updateWorkflow.ts`, ...on('service dies'),
    find: 'async (signal) => hear(await readSteadily(bench, context, signal)))', replace: 'async () => undefined)' },
  { says: 'a plan that is old is not carried out', file: `${workflow}/updatePlan.ts`, ...on('what cannot be'),
    find: 'if (plan.hash !== plannedHash) throw', replace: "if (plan.hash === '') throw" },
  { says: 'back leads to the version before and nowhere else', file: `${workflow}/updatePlan.ts`, ...on('what cannot be'),
    find: "act === 'rollback' && told.previous !== version", replace: "act === 'rollback' && told.previous === undefined" },
  { says: 'no version, no proof', file: `${workflow}/updatePlan.ts`, ...on('does not tell its version'),
    find: "told.version === undefined && kind === 'appliance'", replace: "told.version === '' && kind === 'appliance'" },
  { says: 'a device has one job at a time', file: 'src/main/composition/deviceUpdateDesk.ts', ...on('nobody else has'),
    find: 'if (job && !isFinished(job)) throw', replace: 'if (!job) throw' },
  { says: 'a rollback of a board leaves nothing of the version before', file: 'src/main/core/ota/mpy/updateBoard.ts', ...on('exactly the files'),
    find: 'for (const path of run.leaves ?? [])', replace: 'for (const path of [] as string[])' },
  { says: 'a board is recovered before its version is believed', file: 'src/main/composition/boardUpdates.ts', ...on('the line is lost'),
    find: 'const { end } = await recoverBoard(deps, { keepStage: true }, signal)', replace: "const { end } = { deps, end: 'nothing' as const, recoverBoard }" },
  { says: 'an updater goes back to the version before only', file: 'src/main/core/ota/updater/goBack.ts', ...back('changes nothing'),
    find: 'if (previous !== folderOfVersion(version)) throw', replace: "if (version === '') throw" },
  { says: 'no password stands in an address', file: 'src/main/composition/sshApplianceUpdates.ts', project: 'integration', tests: 'test/integration/ota/sshAppliances.test.ts', named: 'nothing of a password',
    find: "url.password === '' && ", replace: '' },
  { says: 'an appliance whose key nobody accepted is not called one that does not answer', file: 'src/renderer/features/updates/DevicesPane.vue', project: 'integration', tests: 'test/web/deviceUpdates.test.ts', named: 'an appliance over SSH',
    find: "(device.problem?.code === 'device/wrong-identity' ?", replace: "(device.problem?.code === 'device/no-answer' ?" },
]
