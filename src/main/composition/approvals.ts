import { join } from 'node:path'
import { type Approval, approvalsFileSchema, mostWaitingPlans } from '../../shared/doors/doors.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'

/** A plan that nobody came to look at is made anew; what it was made of may be gone. */
const validMs = 60 * 60_000

/** Plans that a program made and a person has to say yes to. A file, so that a window and a command see the same. */
export interface Approvals {
  list(): Promise<readonly Approval[]>
  ask(hash: string, words: string): Promise<void>
  /** `input/not-found` */
  decide(hash: string, isApproved: boolean): Promise<Approval>
  /** Takes the yes away with it: one approval is for one start. `input/conflict` without one. */
  use(hash: string): Promise<void>
}

export function createApprovals(dataFolder: string, nowMs: () => number): Approvals {
  const file = createWholeFile({
    path: join(dataFolder, 'approvals.json'), schema: approvalsFileSchema, first: { approvals: [] },
    hint: 'Move it away; plans that waited have to be made anew',
  })
  const fresh = (all: readonly Approval[]): Approval[] => all.filter(({ askedAtMs }) => nowMs() - askedAtMs < validMs)
  const change = async (how: (all: Approval[]) => Approval[]): Promise<void> => file.change(({ approvals }) => ({ approvals: how(fresh(approvals)) }))
  return {
    list: async () => fresh((await file.read()).approvals),
    ask: async (hash, words) => change((all) => {
      // Asked again it keeps a yes that it has: the plan is the same to the last byte.
      if (all.some((each) => each.hash === hash)) return all
      if (all.length >= mostWaitingPlans) throw new WorkbenchError('input/too-large', `${mostWaitingPlans} plans wait for a person already`, { hint: 'rackbench approve list shows them' })
      return [...all, { hash, words, askedAtMs: nowMs(), state: 'waiting' }]
    }),
    decide: async (hash, isApproved) => {
      let decided: Approval | undefined
      await change((all) => {
        decided = all.find((each) => each.hash === hash)
        if (!decided) throw new WorkbenchError('input/not-found', 'No plan of that hash waits', { hint: 'rackbench approve list shows those that do; they wait for an hour' })
        return isApproved ? all.map((each) => (each.hash === hash ? { ...each, state: 'approved' } : each)) : all.filter((each) => each.hash !== hash)
      })
      if (!decided) throw new WorkbenchError('internal/bug', 'A decision was not written')
      return { ...decided, state: isApproved ? 'approved' : decided.state }
    },
    use: async (hash) => change((all) => {
      if (!all.some((each) => each.hash === hash && each.state === 'approved')) {
        throw new WorkbenchError('input/conflict', 'No person has approved this plan', { hint: `Make the plan, then ask somebody to say yes in the window, or to run: rackbench approve yes ${hash.slice(0, 64)}` })
      }
      return all.filter((each) => each.hash !== hash)
    }),
  }
}
