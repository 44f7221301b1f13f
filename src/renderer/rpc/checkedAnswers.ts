import type { ClientContext } from '@orpc/client'
import type { StandardLinkPlugin } from '@orpc/client/standard'
import { ResponseValidationPlugin } from '@orpc/contract/plugins'
import { workbenchContract } from '../../shared/contracts/workbench.contract.ts'

/** Answers and items are unknown until they have passed the contract, also on the way in. */
export const withCheckedAnswers = (): StandardLinkPlugin<ClientContext>[] => [new ResponseValidationPlugin(workbenchContract)]
