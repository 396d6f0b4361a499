// Take a constraint of ours away. CONSTRAINT_NAME stands for its name.
DROP CONSTRAINT CONSTRAINT_NAME IF EXISTS;
