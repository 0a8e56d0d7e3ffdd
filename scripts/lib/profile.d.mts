/** An element's table with the path of its files, without their ending. */
export interface CoreElement {
  name: string;
  file: string;
  line?: string;
}

export function elementTables(dir?: string): CoreElement[];

export function profileSource(doc: string, tables: readonly CoreElement[], also?: string[], assembly?: string): string;
