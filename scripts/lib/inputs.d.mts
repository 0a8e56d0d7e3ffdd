/** The root of the repository. */
export const root: string;

export function filesUnder(place: string, accept?: (file: string) => boolean): string[];

export function hashFiles(files: readonly string[]): string;
