DROP FUNCTION find_organization(uuid);
DROP TABLE partnerships;
DROP TABLE organizations;
DROP TABLE installation;
DROP FUNCTION tenant_table(regclass);
