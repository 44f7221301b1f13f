import { inject, type InjectionKey } from 'vue'
import type { WorkbenchLink } from './link.ts'

export const workbenchKey: InjectionKey<WorkbenchLink> = Symbol('workbench')

/** What `main.ts` provided. */
export function useWorkbench(): WorkbenchLink {
  const link = inject(workbenchKey)
  if (!link) throw new Error('No workbench was provided')
  return link
}
