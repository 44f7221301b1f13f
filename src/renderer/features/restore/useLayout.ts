import { type Ref, ref, shallowRef } from 'vue'
import type { WireError } from '../../../shared/errors/workbenchError.ts'
import type { LayoutRequest, LayoutRow, LayoutView } from '../../../shared/restore/layout.schema.ts'
import { toProblem } from '../../rpc/problems.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'

export interface LayoutDesk {
  readonly id: Ref<string>
  readonly rows: Ref<LayoutRow[]>
  readonly view: Readonly<Ref<LayoutView | undefined>>
  readonly problem: Readonly<Ref<WireError | undefined>>
  /** Rows from a text; what was typed before is gone. */
  read: (text: string) => Promise<void>
  /** The rows as they are now. */
  check: () => Promise<void>
}

/** A partition table that is typed. What it means is the workbench's to say; of two answers the later question's counts. */
export function useLayout(about: () => Pick<LayoutRequest, 'flashType' | 'flashBytes'>, changed: (text: string) => void): LayoutDesk {
  const { client } = useWorkbench()
  const id = ref('')
  const rows = ref<LayoutRow[]>([])
  const view = shallowRef<LayoutView>()
  const problem = shallowRef<WireError>()
  let asked = 0

  async function ask(text?: string): Promise<void> {
    const turn = (asked += 1)
    try {
      const seen = await client.layout.view({ ...about(), id: id.value, rows: rows.value, ...(text === undefined ? {} : { text }) })
      if (turn !== asked) return
      view.value = seen
      problem.value = seen.problem
      if (text === undefined) changed(seen.text)
      else if (!seen.problem) { id.value = seen.id; rows.value = seen.rows.map((row) => ({ ...row })) }
    } catch (error) {
      if (turn === asked) problem.value = toProblem(error)
    }
  }
  return { id, rows, view, problem, read: ask, check: async () => ask() }
}
