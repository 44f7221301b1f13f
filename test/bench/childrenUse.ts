import { readdirSync, readFileSync } from 'node:fs'

/** On every Linux that is told of in /proc. */
const ticksPerSecond = 100

/** Milliseconds of the processor that the children of a process have used; 0 where there is no /proc. */
export function childrenUse(pid: number): number {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).reduce((sum, name) => sum + useOf(name, pid), 0)
  } catch {
    return 0
  }
}

function useOf(name: string, parent: number): number {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
    // Behind the name of the program, which may hold anything: state, parent, …, and from the twelfth on its user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[1]) === parent ? 1000 * (Number(fields[11]) + Number(fields[12])) / ticksPerSecond : 0
  } catch {
    return 0
  }
}
